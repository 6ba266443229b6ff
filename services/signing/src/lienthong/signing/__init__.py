"""The signing service: the authority that issues and revokes, remote keys of agencies, validation reports."""
