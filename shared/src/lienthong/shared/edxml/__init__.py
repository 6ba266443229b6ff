"""edXML packages: read leniently in one bounded pass, write strictly in the Java dialect. See ``docs/edxml.md``."""
