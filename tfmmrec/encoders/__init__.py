"""What reads the content of a feature or the events of a user; one package per kind of input.

A schema names a member: ``Text("plot", encoder="gru")``, ``Image("poster", encoder="resnet")``,
``History(encoder={"name": "hstu"})``.
"""
