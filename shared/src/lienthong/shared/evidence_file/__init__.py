"""The evidence file: one ASiC-E container with all that proves one document's journey, judged without a network.

``contents`` names its members, ``manifests`` says how a seal and a time stamp cover them, ``writing`` makes it,
``reading`` opens it, ``checking`` judges it against a root certificate. Source: ETSI EN 319 162-1, EN 319 522-3.
"""
