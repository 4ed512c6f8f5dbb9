"""One module for each HTTP function: parse the request, decide, render the answer."""

from functions.create_appointment import create_appointment
from functions.first_available import first_available
from functions.list_appointments import list_appointments

FUNCTIONS = {
    function.__name__: function
    for function in (create_appointment, list_appointments, first_available)
}
"""Every function by its name, which is its path in the local runner too."""

__all__ = ["FUNCTIONS", "create_appointment", "first_available", "list_appointments"]
