"""Tests of the web app below the browser: access, scopes, questions, words, pictures."""
