"""Saved questions: text that an analyst pastes into a console and that the program runs too."""
