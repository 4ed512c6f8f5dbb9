"""One module for each HTTP function: parse the request, decide, render the answer."""

from functions.cancel_appointment import cancel_appointment
from functions.create_appointment import create_appointment
from functions.first_available import first_available
from functions.get_appointment import get_appointment
from functions.list_appointments import list_appointments
from functions.reschedule_appointment import reschedule_appointment

FUNCTIONS = {
    function.__name__: function
    for function in (
        create_appointment,
        list_appointments,
        first_available,
        get_appointment,
        cancel_appointment,
        reschedule_appointment,
    )
}
"""Every function by its name, which is its path in the local runner too."""

__all__ = [
    "FUNCTIONS",
    "cancel_appointment",
    "create_appointment",
    "first_available",
    "get_appointment",
    "list_appointments",
    "reschedule_appointment",
]
