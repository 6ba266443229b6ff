"""The only code that touches private keys: made, kept encrypted, used; a key never leaves as a value.

What is handed out are handles that sign. A PKCS#11 module would be a second implementation of the same two classes.
"""
