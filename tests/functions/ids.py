"""Appointment ids that lead to nothing."""

UNKNOWN_IDS = {
    "never given out": "strange.20501121.0123456789abcdef01234567",
    "of a day without appointments": "strange.20991231.0123456789abcdef01234567",
    "of no doctor": "doom.20501121.0123456789abcdef01234567",
    "of the first day of all": "strange.00010101.x",
    "of the last day of all": "strange.99991231.x",
    "short doctor": "a.20501121.x",
    "no such date": "strange.20501399.x",
    "no date": "strange.monday.x",
    "no random part": "strange.20501121.",
    "no doctor": ".20501121.x",
    "a part too many": "strange.20501121.x.y",
    "doctor": "strange",
    "dot": ".",
    "dots": "..",
    "hyphen": "-",
    "underscores": "__x__.20501121.x",
    "128 characters": "a" * 128,
}
"""Ids that are well-formed, and that no appointment has."""

BAD_IDS: dict[str, tuple[object, str]] = {
    "null": (None, "string_type"),
    "number": (1, "string_type"),
    "list": (["strange.20501121.x"], "string_type"),
    "empty": ("", "string_pattern_mismatch"),
    "slash": ("strange/days/20501121", "string_pattern_mismatch"),
    "line end": ("strange.20501121.x\n", "string_pattern_mismatch"),
    "NUL": ("strange.20501121.x\0", "string_pattern_mismatch"),
    "é": ("strange.20501121.é", "string_pattern_mismatch"),
    "129 characters": ("a" * 129, "string_pattern_mismatch"),
}
"""Values in a body that are no ids, and the type of their error."""
