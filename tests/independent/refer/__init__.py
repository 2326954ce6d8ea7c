"""The refer protocol, written from proto/PROTOCOL.md and the .proto files
alone. It shares nothing with the gateway but those documents: where the two
disagree, one of them or the document is wrong.

Not for production: keys are held in plain memory and nothing is stored.
"""
