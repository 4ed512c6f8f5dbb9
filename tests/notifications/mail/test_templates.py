from pathlib import Path

import pytest

from shared.notifications.mail.composer import Composer
from shared.notifications.mail.mail import Mail
from shared.settings import MailSettings, SettingsError
from tests.notifications.mail.messages import PAGE, SENDER, message


def written(folder: Path, language: str = "en") -> Mail:
    """The mail of a booking in an operator's words."""
    return Composer(MailSettings("firestore", SENDER, language, PAGE, folder)).compose(message())


def put(folder: Path, name: str, text: str) -> None:
    """Write a file of an operator's."""
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")


def refusal(folder: Path, language: str = "en") -> str:
    """Why the start ends."""
    with pytest.raises(SettingsError) as raised:
        written(folder, language)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_an_operators_file_takes_the_place_of_ours_and_of_no_other(tmp_path: Path) -> None:
    put(tmp_path, "en/booked.txt", "Subject: See you\n\nAll set\n\nDear {{ patient }},\nbye.\n")
    mail = written(tmp_path)
    assert mail.subject == "See you"
    assert "\nAll set\n\nDear Ada Lovelace, bye.\n\n  Check-up with" in mail.text
    assert "Dear Ada Lovelace, bye.</p>" in mail.html
    assert written(tmp_path, "de").subject.startswith("Ihr Termin am")


def test_the_layout_is_replaced_for_all_events(tmp_path: Path) -> None:
    put(tmp_path, "de/layout.html", "<b>{{ heading }}</b>{{ paragraphs[0] }}")
    put(tmp_path, "de/layout.txt", "{{ heading }}!")
    mail = written(tmp_path, "de")
    assert (mail.html, mail.text) == (
        "<b>Ihr Termin ist gebucht</b>Guten Tag Ada Lovelace,",
        "Ihr Termin ist gebucht!",
    )


def test_a_calendar_has_the_operators_words_too(tmp_path: Path) -> None:
    put(tmp_path, "en/calendar.txt", "Visit\n\nBring your card.\n\n{{ link }}")
    mail = written(tmp_path)
    assert mail.invitation
    assert b"SUMMARY:Visit\r\n" in mail.invitation.file
    assert b"DESCRIPTION:Bring your card.\\n\\nhttps://" in mail.invitation.file


def test_templates_of_an_operator_may_use_each_other(tmp_path: Path) -> None:
    put(tmp_path, "en/greeting.txt", "Dear {{ patient }}")
    put(tmp_path, "en/booked.txt", 'Subject: Yes\n\nYes\n\n{% include "greeting.txt" %}!')
    assert "\nDear Ada Lovelace!\n" in written(tmp_path).text


def test_a_new_language_is_a_new_folder_and_what_is_missing_is_english(tmp_path: Path) -> None:
    put(tmp_path, "fr/booked.txt", "Subject: Rendez-vous : {{ date }}, {{ time }}\n\nRéservé\n")
    mail = written(tmp_path, "fr")
    assert mail.subject == "Rendez-vous : lundi 23 novembre 2026, 09:00 – 09:30"
    assert "\nRéservé\n" in mail.text
    assert "Check-up with Doctor Strange" in mail.text
    assert '<html lang="fr"' in mail.html


def test_a_variety_of_a_language_needs_only_what_differs(tmp_path: Path) -> None:
    put(tmp_path, "de/reminder.txt", "Subject: Bald\n\nBald\n")
    put(tmp_path, "de-AT/booked.txt", "Subject: {{ date }}\n\nServus\n")
    mail = written(tmp_path, "de-AT")
    assert mail.subject == "Montag, 23. November 2026"
    assert "Check-up bei Doctor Strange" in mail.text
    assert '<html lang="de-AT"' in mail.html


def test_a_language_that_nobody_speaks_ends_the_start(tmp_path: Path) -> None:
    put(tmp_path, "klingon/booked.txt", "Subject: a\n\nb\n")
    rule = 'must be a language such as "fr" or "pt-BR"'
    assert refusal(tmp_path, "klingon") == f'MAIL_LANGUAGE: {rule}, not "klingon"'
    assert refusal(tmp_path, "xx") == f'MAIL_LANGUAGE: {rule}, not "xx"'


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        (
            "en/booked.txt",
            "Subject: a\n\nb\n\n{{ patent }}",
            "en/booked.txt, line 5: 'patent' is undefined",
        ),
        (
            "en/moved.txt",
            "Subject: a\n\n{% if previous.doctor == doctor %}\n{{ x }}\n{% endif %}\nb",
            "en/moved.txt, line 4: 'x' is undefined",
        ),
        (
            "en/reminder.txt",
            "Subject: a\n\n{% if link %}\nb\n{% else %}\n{{ x }}\n{% endif %}",
            "en/reminder.txt, line 6: 'x' is undefined",
        ),
        (
            "en/cancelled.txt",
            "Subject: a\n\nb\n\n{% if reason %}",
            "en/cancelled.txt, line 5: Unexpected end of template. ",
        ),
        (
            "en/updated.txt",
            "Your appointment\n\nb\n",
            'updated.txt must begin with "Subject: ...", a blank line and a heading',
        ),
        (
            "en/affected.txt",
            "Subject: a\n",
            'affected.txt must begin with "Subject: ...", a blank line and a heading',
        ),
        (
            "en/layout.html",
            "\n{{ 1 / 0 }}",
            "en/layout.html, line 2: division by zero",
        ),
        (
            "en/layout.txt",
            '{% include "nothing.txt" %}',
            "en/layout.txt, line 1: 'nothing.txt' not found in search path",
        ),
        (
            "en/calendar.txt",
            "{{ headline }}",
            "en/calendar.txt, line 1: 'headline' is undefined",
        ),
    ],
)
def test_a_mistake_in_any_template_ends_the_start_with_one_line(
    tmp_path: Path, name: str, text: str, cause: str
) -> None:
    put(tmp_path, name, text)
    assert refusal(tmp_path).startswith(f"MAIL_TEMPLATES: {cause}")


def test_a_file_that_is_not_text_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en/booked.txt").write_bytes(b"Subject: \xff\n\na\n")
    assert "can't decode byte 0xff" in refusal(tmp_path)


@pytest.mark.parametrize(
    "reach",
    [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''['__class__'] }}",
        "{{ patient|attr('__class__') }}",
        "{{ lipsum.__globals__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self.__init__ }}",
        '{{ "{0.__class__}".format(patient) }}',
        '{{ "{0.__class__}".format_map({"0": patient}) }}',
        "{{ paragraphs.__class__ }}",
        "{% set _ = kind.__class__ %}{{ _ }}",
        "{% for x in range(10000000) %}a{% endfor %}",
    ],
)
def test_a_template_reaches_nothing_but_what_it_is_given(tmp_path: Path, reach: str) -> None:
    put(tmp_path, "en/booked.txt", f"Subject: a\n\n{reach}\n")
    assert refusal(tmp_path).startswith("MAIL_TEMPLATES: ")


def test_a_template_cannot_change_what_the_next_one_is_given(tmp_path: Path) -> None:
    put(tmp_path, "en/moved.txt", "Subject: a\n\nb{{ previous.update({'doctor': 'x'}) }}\n")
    assert "access to attribute 'update' of 'dict' object is unsafe" in refusal(tmp_path)


def test_a_template_is_looked_for_in_its_folders_only(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    put(tmp_path, "en/booked.txt", 'Subject: a\n\n{% include "../secret.txt" %}\n')
    assert refusal(tmp_path).startswith("MAIL_TEMPLATES: ")


def test_a_file_that_changes_later_changes_no_mail(tmp_path: Path) -> None:
    put(tmp_path, "en/booked.txt", "Subject: before\n\na\n")
    composer = Composer(MailSettings("firestore", SENDER, "en", PAGE, tmp_path))
    put(tmp_path, "en/booked.txt", "Subject: {{ after }}\n\na\n")
    assert composer.compose(message()).subject == "before"
