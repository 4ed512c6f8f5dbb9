"""The body of delete_override."""

from shared.access.permissions import Target
from shared.http.schemas.fields import Id, RequestModel
from shared.model.override import override_key


class DeleteOverride(RequestModel):
    """The override to delete."""

    override_id: Id

    def target(self) -> Target:
        """Return the doctor whom the id names; none of ours is nobody's own."""
        key = override_key(self.override_id)
        return Target(frozenset({key.doctor_id if key else self.override_id}))
