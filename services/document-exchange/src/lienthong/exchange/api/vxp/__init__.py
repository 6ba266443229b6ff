"""The national SDK's interface: a thin translation onto the use cases that the REST API names, too."""
