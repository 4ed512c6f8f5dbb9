"""Firestore's messages, made of their bare descriptors.

This imports in 12 ms of processor time. `google.cloud.firestore_v1`, which has them as well, takes
100 ms, and as many again for credentials, which only Google's own Firestore needs.
"""

from typing import Any

from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]

from shared.store.firestore.descriptors import FILES

Message = Any
"""A bare protocol buffer: these have no types."""

# A pool of their own: the library, which tests use as well, has the same names in the common one.
_pool = DescriptorPool()
for _file in FILES:
    _pool.AddSerializedFile(_file)


def message(name: str, package: str = "google.firestore.v1") -> Message:
    """Return the class of a message."""
    return GetMessageClass(_pool.FindMessageTypeByName(f"{package}.{name}"))


Int32Value = message("Int32Value", "google.protobuf")
Timestamp = message("Timestamp", "google.protobuf")
