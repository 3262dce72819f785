"""YAML files to the Manifest, with every error at its line.

files        which files: -f, directories, include
nodes        YAML to plain data, fast, from the parser's events
positions    where things stand in a text, when somebody asks; documents, places: in which file
merging      all files laid together
expressions  {{ }} and ${ }; sandbox: what Jinja2 may do; variables: vars; overrides: --var
shapes       what keys and values there are; checking: values against them, in words; schema: for editors
entries      providers and state
domains      domains and webhooks; overlay: the parts and templates of a domain
findings     all errors at once; excerpts: the lines that they are about; secrecy: what no text may show
assemble     all of it, in order
"""

from reconciler.manifests.assemble import load

__all__ = ["load"]
