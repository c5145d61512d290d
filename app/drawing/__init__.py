"""Drawing: pictures, tables and tiles of the web app, laid out in Python and drawn by small scripts of our own."""
