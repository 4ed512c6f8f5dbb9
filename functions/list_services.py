"""List the services that can be booked."""

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.responses import json_response
from shared.http.schemas.fields import RequestModel
from shared.http.schemas.list_services import ServiceList, ServiceResponse


@endpoint("GET", group="Clinic", responses={200: Success("All services", ServiceList)})
async def list_services(call: Call[RequestModel]) -> Response:
    """List the services that can be booked: the kinds of appointments.

    A service that has a length is booked without `end` and `duration_minutes`.
    """
    clinic = await call.dependencies.clinic_cache.clinic()
    services = [ServiceResponse.of_service(service) for service in clinic.services.values()]
    return json_response(ServiceList(services=services))
