"""Appointments as calendars know them: iCalendar (RFC 5545)."""
