"""From the settings of the environment to a caller, with an issuer on this machine."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shared.access.authentication import Open
from shared.access.caller import Caller
from shared.access.errors import Unauthenticated
from shared.runtime.composition import start
from tests.access.issuing import configuration, ec_key, key_set, token, unsigned

DOCTORS_FILE = Path(__file__).parents[2] / "doctors.json"


@contextmanager
def issuer() -> Iterator[str]:
    """An issuer of tokens, by its address."""
    pages: dict[str, bytes] = {}

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(pages[self.path])

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        address = f"http://127.0.0.1:{server.server_port}/realms/clinic"
        keys = f"{address}/keys"
        pages["/realms/clinic/.well-known/openid-configuration"] = configuration(address, keys)
        pages["/realms/clinic/keys"] = key_set(ec_key())
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield address
        finally:
            server.shutdown()
            thread.join()


def environment(folder: Path, **auth: str) -> dict[str, str]:
    return {"STORE": f"sqlite:{folder}/a.db", "DOCTORS_FILE": str(DOCTORS_FILE), **auth}


def claims(issuer: str, audience: str) -> dict[str, object]:
    seconds = int(time.time())
    return {"iss": issuer, "aud": audience, "sub": "ada", "iat": seconds, "exp": seconds + 300}


async def test_a_token_of_the_issuer_of_the_settings_names_the_caller(tmp_path: Path) -> None:
    with issuer() as address:
        roles = {"AUTH_AUDIENCE": "api", "AUTH_ROLE_CLAIM": "realm_access.roles"}
        settings = environment(tmp_path, AUTH=address, **roles)
        authenticator = start(settings, exposed=True).authenticator
        said = {**claims(address, "api"), "realm_access": {"roles": ["staff"]}}
        bearer = [f"Bearer {token(said, ec_key())}"]
        found = await authenticator.caller(bearer, [], app_check_needed=True)
        assert found == Caller("staff", address, "ada")
        other = [f"Bearer {token({**said, 'aud': 'other'}, ec_key())}"]
        with pytest.raises(Unauthenticated, match="another audience"):
            await authenticator.caller(other, [], app_check_needed=True)


async def test_the_emulators_tokens_count_where_the_settings_say_so(tmp_path: Path) -> None:
    demo = {"AUTH": "firebase", "GOOGLE_CLOUD_PROJECT": "demo-clinic"}
    said = claims("https://securetoken.google.com/demo-clinic", "demo-clinic")
    said |= {"auth_time": said["iat"], "firebase": {"sign_in_provider": "password"}}
    bearer = [f"Bearer {unsigned(said)}"]
    emulated = environment(tmp_path, **demo, FIREBASE_AUTH_EMULATOR_HOST="127.0.0.1:9099")
    found = await start(emulated, exposed=False).authenticator.caller(
        bearer, [], app_check_needed=True
    )
    assert (found.kind, found.subject) == ("patient", "ada")
    strict = start(environment(tmp_path, **demo), exposed=False).authenticator
    with pytest.raises(Unauthenticated, match="the token is not signed"):
        await strict.caller(bearer, [], app_check_needed=True)


def test_where_nobody_is_asked_nothing_is_asked_of_tokens(tmp_path: Path) -> None:
    authenticator = start(environment(tmp_path, AUTH="none"), exposed=True).authenticator
    assert isinstance(authenticator, Open)
