"""The only code that touches private keys: made, kept, used; a key never leaves as a value.

What is handed out are handles that sign. Keys are kept in PKCS#12 files (``store``) or in a PKCS#11 token
(``token_store``); one contract test suite holds for both.
"""
