"""What code under test can see and reach: next to nothing."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from grader.sandbox import Command, Mount, Sandbox
from tests_sandbox import HERE, Room, finish

