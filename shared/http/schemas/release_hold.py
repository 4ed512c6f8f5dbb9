"""The body and the response of release_hold."""

from shared.http.schemas.fields import Id, RequestModel, ResponseModel


class ReleaseHoldRequest(RequestModel):
    """A hold to give up."""

    hold_id: Id


class ReleasedHold(ResponseModel):
    """A hold that the caller has not any more, or never had."""

    hold_id: str
