"""YAML files to the Manifest, with every error at its line.

files       which files: -f, directories, include
nodes       YAML to plain data, fast; positions: where things stand in it, when somebody asks
merging     all files laid together
expressions {{ }} and ${ }; sandbox: what Jinja2 may do; variables: vars; overrides: --var
shapes      what keys and values there are; checking: values against them, in words
accounts    providers and state; overlay, domains: domains and their templates, webhooks
assemble    all of it, in order
"""

from reconciler.manifests.assemble import load

__all__ = ["load"]
