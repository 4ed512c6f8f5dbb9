"""Names and addresses as headers of mails and mail servers take them."""

import unicodedata
from email.headerregistry import Address

from email_validator import ValidatedEmail
from msgspec import Struct

from shared.texts import email_address

_BREAKS = {"Cc", "Cs", "Zl", "Zp"}
_DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


class Mailbox(Struct, frozen=True):
    """An e-mail address, in ASCII if it has such a form, and the name of whose it is."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        """What stands behind the at sign, in ASCII."""
        return self.address.rpartition("@")[2]

    @property
    def header(self) -> Address:
        """Both, as the value of a header."""
        # In parts, because the library takes a whole address for ASCII.
        return Address(literal(self.name), self.address.rpartition("@")[0], self.domain)


def sender_of(text: str) -> Mailbox:
    """Return the mailbox of a setting, `Name <address>` or an address.

    Raises EmailNotValidError.
    """
    found = email_address(text, allow_name=True)
    return Mailbox(_for_servers(found), one_line(found.display_name or ""))


def receiver_of(address: str, name: str) -> Mailbox:
    """Return the mailbox of a patient. Raises EmailNotValidError."""
    return Mailbox(_for_servers(email_address(address)), one_line(name))


def one_line(text: str) -> str:
    """Return a text without what breaks a line or turns the text around it.

    Neither gets in today. What earlier versions have stored is not trusted with a header.
    """
    shown = (
        " " if unicodedata.category(character) in _BREAKS else character
        for character in text
        if unicodedata.bidirectional(character) not in _DIRECTIONS
    )
    return " ".join("".join(shown).split())


def literal(text: str) -> str:
    """Return a text for a header that does not read as an encoded word (RFC 2047).

    The library would decode it, and write what it holds without quotes: a comma, and there are two
    addresses.
    """
    return text.replace("=?", "= ?")


def _for_servers(found: ValidatedEmail) -> str:
    """Return an address for a server that knows ASCII only, if there is such a form of it.

    There is for every domain, but not for what stands before the at sign.
    """
    return found.ascii_email or f"{found.local_part}@{found.ascii_domain}"
