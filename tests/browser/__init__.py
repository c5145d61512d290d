"""Tests in a browser: the journeys of a risk manager, what must stay inert, what must not leave the host."""
