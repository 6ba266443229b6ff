"""The national SDK's interface: what its calls mean, and what it can read. Source: the SDK for Java, 2.0.1."""
