"""What decisions read and change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from msgspec import Struct, field
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.event import Change
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series


class Documents(Struct, frozen=True):
    """Doctor-days, the whereabouts of appointments beside them, and patients' schedules, by key.

    None stands for whereabouts that do not exist or, among changes, are to be deleted. `forgotten`,
    among changes, is what neither a schedule nor the history of an account is to hold any more,
    `series`, among changes, is one that is new, and `appointments`, among changes, tell what
    becomes of each appointment.
    """

    days: Mapping[DayKey, DaySchedule] = field(default_factory=dict)
    elsewhere: Mapping[ElsewhereKey, Whereabouts | None] = field(default_factory=dict)
    patients: Mapping[PatientKey, PatientSchedule] = field(default_factory=dict)
    forgotten: Mapping[PatientKey, PastAppointment] = field(default_factory=dict)
    series: Series | None = None
    appointments: tuple[Change, ...] = ()

    @property
    def change_anything(self) -> bool:
        """Whether, as changes, they change anything."""
        return bool(self.days or self.elsewhere or self.patients)

    def knows(self, appointment_id: str) -> bool:
        """Whether an appointment stands anywhere in them."""
        return any(day.find(appointment_id) for day in self.days.values()) or any(
            key.appointment_id == appointment_id and found for key, found in self.elsewhere.items()
        )

    def schedule_of(self, appointment: Appointment) -> PatientSchedule | None:
        """Return the loaded schedule of the owner of an appointment; None if it has no owner."""
        return self.patients[appointment.owner] if appointment.owner else None

    def tidied(self, now: datetime) -> Self:
        """Return the same documents; of patients and holds only what has to be remembered."""
        days = {key: day.tidied(now) for key, day in self.days.items()}
        patients = {key: patient.tidied(now) for key, patient in self.patients.items()}
        return replace(self, days=days, patients=patients)

    def changed(self, changes: Self) -> Self:
        """Return the same documents after some of them have changed."""
        return replace(
            self,
            days={**self.days, **changes.days},
            elsewhere={**self.elsewhere, **changes.elsewhere},
            patients={**self.patients, **changes.patients},
            appointments=(*self.appointments, *changes.appointments),
        )
