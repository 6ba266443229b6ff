"""Rules without I/O: names, requests, certificates, revocation lists, who may do what."""
