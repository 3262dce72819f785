"""Broken manifests, as data: what is written, with » at the place that the error names, its code, and words of it.

HEAD stands for one provider, `hosting`, of type mailserver; D for that and the start of the domain example.com, whose
members follow, indented by four."""

from typing import NamedTuple


class Broken(NamedTuple):
    title: str
    text: str
    code: str
    says: str = ""


D = "HEAD\ndomains:\n  example.com:\n"
MAILBOX = D + "    mailboxes:\n      john:\n"
ALIASES = D + "    aliases:\n"
TEMPLATES = "HEAD\ntemplates:\n"

BROKEN = (
    # YAML
    Broken("a repeated key", "version: 1\n»version: 1\n", "duplicate-key", "line 1"),
    Broken("a repeated key deep inside", MAILBOX + "        name: a\n        »name: b\n", "duplicate-key", "'name'"),
    Broken("a repeated domain", "HEAD\ndomains:\n  a.example: {}\n  »a.example: {}\n", "duplicate-key", "line 3"),
    Broken("a tab", D + "»\tmailboxes: {}\n", "syntax", "token"),
    Broken("an open bracket", "HEAD\nremoved: [a, b\nforget»: []\n", "syntax", "','"),
    Broken("an open quote", "vars: {a: 'x\n»", "syntax", "quoted"),
    Broken("a colon in a value", "vars:\n  a: b»: c\n", "syntax", "mapping values"),
    Broken("two documents", "version: 1\n»---\nversion: 1\n", "several-documents"),
    Broken("an unknown tag", "vars:\n  a: »!secret x\n", "unknown-tag", "unknown tag"),
    Broken("a Python object", "vars: {a: »!!python/object/apply:os.getcwd []}\n", "unknown-tag"),
    Broken("a binary", "vars: {a: »!!binary aGk=}\n", "unknown-tag"),
    Broken("an expression without quotes", ALIASES + "      info: {»{ vars.ops }}\n", "no-text-key", "key"),
    Broken("a list as a key", "vars:\n  ? »[a]\n  : b\n", "no-text-key"),
    Broken("an alias of nothing", "vars: {a: »*nothing}\n", "unknown-alias", "anchor"),
    Broken("an alias of what it is in", "vars: &a {b: »*a}\n", "alias-expansion"),
    Broken("a star without quotes", ALIASES + "      *»: a@b.example\n", "syntax", "alias"),
    Broken("an @ without quotes", "vars: {a: »@b}\n", "syntax"),
    Broken("a number of 5000 digits", f"vars: {{a: »{'9' * 5000}}}\n", "invalid-value", "5000 digits"),
    Broken("a merge of a text", "vars:\n  <<: »text\n", "wrong-type", "<<"),
    Broken("a wrong explicit type", "vars: {a: »!!int text}\n", "invalid-value", "!!int"),
    Broken("a bell", "vars: {a: '»\x07'}\n", "syntax", "U+0007"),
    Broken("a NUL", "vars: {a: »\0}\n", "syntax", "U+0000"),
    Broken("deep nesting", "vars: {a: " + "[" * 98 + "»[" + "[" * 100, "too-deep"),
    # the manifest as a whole
    Broken("a list", "»- version: 1\n", "wrong-type", "mapping"),
    Broken("a text", "»hello\n", "wrong-type", "mapping"),
    Broken("an unknown section", "»domians: {}\n", "unknown-field", "domians"),
    Broken("another version", "version: »2\n", "invalid-value", "1"),
    Broken("a version as text", "version: »'1'\n", "wrong-type", "whole number"),
    Broken("a version as a flag", "version: »true\n", "wrong-type", "whole number"),
    Broken("a version as a fraction", "version: »1.0\n", "wrong-type", "whole number"),
    Broken(
        "credentials sent in the clear",
        "providers:\n  p: {type: mailserver, base_url: »'http://mail.example.com', api_key: '${env:K}'}\n",
        "invalid-value",
        "https://",
    ),
    Broken("domains as a list", "domains: »[]\n", "wrong-type", "mapping"),
    Broken("an include of one text", "include: »x.yaml\n", "wrong-type", "list"),
    Broken("an include that is computed", "include: [»'{{ vars.x }}']\n", "invalid-value", "include"),
    Broken("an include of nothing", "include: [»missing.yaml]\n", "include", "missing.yaml"),
    Broken("an include of what is outside", "include: [»../outside.yaml]\n", "include", "root directory"),
    Broken("an include of an absolute path", "include: [»/etc/passwd]\n", "include", "root directory"),
    Broken("an include of a hidden file", "include: [».hidden.yaml]\n", "include", "hidden"),
    # policies and state
    Broken("an unknown policy", "policies: {»prun: all}\n", "unknown-field", "prun"),
    Broken("an unknown prune mode", "policies: {prune: »some}\n", "invalid-value", "owned, all or none"),
    Broken("more than all", "policies: {max_change_percent: »101}\n", "invalid-value", "100"),
    Broken("a share as text", "policies: {max_change_percent: »'30'}\n", "wrong-type", "number"),
    Broken("a share that is no number", "policies: {max_change_percent: ».nan}\n", "invalid-value"),
    Broken(
        "a whole address required", "policies: {require_addresses: [»a@b.example]}\n", "invalid-value", "before the @"
    ),
    Broken("an unknown backend", "state: {backend: »postgers}\n", "unknown-type", "postgers"),
    Broken("a backend's missing setting", "state: {»backend: s3, key: x}\n", "missing-field", "bucket"),
    Broken("a setting of another backend", "state: {»url: x}\n", "unknown-field", "url"),
    Broken("a reference as backend", "state: {backend: »'${env:X}'}\n", "unknown-type", "backend"),
    # providers
    Broken("a provider without type", "providers:\n  »hosting: {}\n", "missing-field", "type"),
    Broken("a provider that is text", "providers:\n  »hosting: mailserver\n", "wrong-type", "mapping"),
    Broken("an unknown type", "providers: {h: {type: »mailservr}}\n", "unknown-type", "mailservr"),
    Broken("a reference as type", "providers: {h: {type: »'${env:X}'}}\n", "wrong-type", "type"),
    Broken("a name with a blank", "providers:\n  »'a b': {type: imply, token: '${env:T}'}\n", "invalid-name", "a b"),
    Broken(
        "no base_url where there is no default",
        "providers:\n  »hosting: {type: mailserver, api_key: '${env:K}'}\n",
        "missing-field",
        "base_url",
    ),
    Broken(
        "an unknown setting", "providers: {h: {type: imply, token: '${env:T}', »emial: a}}\n", "unknown-field", "emial"
    ),
    Broken(
        "a flag as text", "providers: {h: {type: imply, token: '${env:T}', verify_tls: »no}}\n", "wrong-type", "'no'"
    ),
    Broken("a number as text", "providers: {h: {type: imply, token: '${env:T}', timeout: »'3'}}\n", "wrong-type"),
    Broken(
        "too many at once",
        "providers: {h: {type: imply, token: '${env:T}', concurrency: »99}}\n",
        "invalid-value",
        "64",
    ),
    Broken(
        "no rate", "providers: {h: {type: imply, token: '${env:T}', rate_limit: »often}}\n", "invalid-value", "60/min"
    ),
    Broken("credentials missing", "providers:\n  »h: {type: imply}\n", "invalid-value", "token"),
    # domains
    Broken("no domain name", "HEAD\ndomains:\n  »localhost: {}\n", "invalid-name", "dot"),
    Broken("a domain with a blank", "HEAD\ndomains:\n  »a b.example: {}\n", "invalid-name"),
    Broken("a domain that is a number", "HEAD\ndomains:\n  »1e3: {}\n", "invalid-name", "1e3"),
    Broken("a computed key", "HEAD\ndomains:\n  »'{{ vars.d }}': {}\n", "expression", "key"),
    Broken("a domain that is text", "HEAD\ndomains:\n  a.example: »text\n", "wrong-type", "mapping"),
    Broken(
        "one domain in two cases",
        "HEAD\ndomains:\n  a.example: {quota: 1 GiB}\n  A.example: {»quota: 1 GiB}\n",
        "given-twice",
    ),
    Broken("an unknown field", D + "    »mailboxs: {}\n", "unknown-field", "mailboxs"),
    Broken("an unknown provider", D + "    provider: »hostin\n", "unknown-provider", "hostin"),
    Broken(
        "no provider among two",
        "providers: {a: {type: imply, token: '${env:A}'}, b: {type: imply, token: '${env:B}'}}\ndomains:\n  »a.example: {}\n",
        "missing-field",
        "several",
    ),
    Broken("no provider at all", "domains:\n  »a.example: {}\n", "missing-field", "no provider"),
    Broken("an unknown template", D + "    use: [»standrd]\n", "unknown-template", "standrd"),
    Broken("a template as text", D + "    use: »standard\n", "wrong-type", "list"),
    Broken("a bare number as size", D + "    quota: »5\n", "invalid-value", "5 MiB"),
    Broken("a bare number in quotes as size", D + "    quota: »'5'\n", "invalid-value", "5 MiB"),
    Broken("an unknown unit", D + "    quota: »5 parsecs\n", "invalid-value", "GiB"),
    Broken("a flag as size", D + "    quota: »true\n", "invalid-value", "unit"),
    Broken("a negative count", D + "    max_aliases: »-1\n", "invalid-value", "0"),
    Broken("a count as text", D + "    max_aliases: »'5'\n", "wrong-type", "whole number"),
    Broken("half a mailbox", D + "    max_mailboxes: »1.5\n", "wrong-type", "whole number"),
    Broken("a flag of YAML 1.1", D + "    active: »yes\n", "wrong-type", "true or false"),
    Broken("a protect that is null", D + "    protect: »null\n", "wrong-type", "null"),
    Broken("a field of an unmanaged domain", D + "    manage: false\n    »active: true\n", "unmanaged-field", "active"),
    Broken("a catch_all of none", D + "    catch_all: »[]\n", "invalid-value", "empty"),
    Broken("a catch_all that is no address", D + "    catch_all: »john\n", "invalid-value", "john"),
    Broken("catch_all twice", D + "    catch_all: a@b.example\n    aliases:\n      »'*': a@b.example\n", "given-twice"),
    Broken(
        "a field of the star",
        ALIASES + "      '*': {destinations: [a@b.example], »active: true}\n",
        "unknown-field",
        "only",
    ),
    Broken("a star without destinations", ALIASES + "      »'*':\n", "invalid-value", "destinations"),
    # mailboxes
    Broken("an unknown mailbox field", MAILBOX + "        »quta: 5 GiB\n", "unknown-field", "quta"),
    Broken("a mailbox that is text", D + "    mailboxes:\n      john: »text\n", "wrong-type", "mapping"),
    Broken("mailboxes as a list", D + "    mailboxes: »[john]\n", "wrong-type", "mapping"),
    Broken(
        "a whole address as key", D + "    mailboxes:\n      »john@example.com: {}\n", "invalid-name", "before the @"
    ),
    Broken("a time as local part", D + "    mailboxes:\n      »12:30: {}\n", "invalid-name", "12:30"),
    Broken("a blank in a local part", D + "    mailboxes:\n      »john doe: {}\n", "invalid-name", "john doe"),
    Broken(
        "one mailbox in two cases",
        D + "    mailboxes:\n      John: {}\n      »john: {}\n",
        "given-twice",
        "john@example.com",
    ),
    Broken("a number as name", MAILBOX + "        name: »007\n", "wrong-type", "text"),
    Broken("a number as password", MAILBOX + "        password: »12345\n", "invalid-value", "quotes"),
    Broken("a password that is null", MAILBOX + "        password: »null\n", "invalid-value", "null"),
    Broken("an empty password", MAILBOX + "        password: »''\n", "invalid-value", "empty"),
    Broken("version 0", MAILBOX + "        password_version: »0\n", "invalid-value", "1"),
    Broken("another expiry", MAILBOX + "        expires: »2d\n", "invalid-value", "1h, 1d, 3d or never"),
    Broken("a reference that is no secret", MAILBOX + "        name: »${env:NAME}\n", "reference", "name"),
    Broken("a reference beside text", MAILBOX + "        password: »x ${env:PW}\n", "reference", "whole value"),
    Broken("a reference without scheme", MAILBOX + "        password: »${PW}\n", "reference", "${env:NAME}"),
    Broken("an unknown scheme", MAILBOX + "        password: »${evn:PW}\n", "reference", "evn"),
    Broken("a reference in a destination", ALIASES + "      info: »${env:X}\n", "reference"),
    # aliases
    Broken("an alias of nothing at all", ALIASES + "      info:»\n", "invalid-value", "destinations"),
    Broken("an alias with an empty list", ALIASES + "      info: »[]\n", "invalid-value", "empty"),
    Broken("destinations that are null", ALIASES + "      info: {destinations: »null}\n", "wrong-type", "list"),
    Broken("destinations that are text", ALIASES + "      info: {destinations: »a@b.example}\n", "wrong-type", "list"),
    Broken(
        "a destination that is no address",
        ALIASES + "      info:\n        - a@b.example\n        - »b.example\n",
        "invalid-value",
        "b.example",
    ),
    Broken("an alias that is a number", ALIASES + "      info: »5\n", "invalid-value", "address"),
    Broken("an unknown alias field", ALIASES + "      info: {»destination: [a@b.example]}\n", "unknown-field"),
    Broken("a pattern where there are none", ALIASES + "      »'sales-(.*)': a@b.example\n", "invalid-name"),
    Broken(
        "a URL where there are none", ALIASES + "      info: »https://hooks.example/x\n", "unsupported-value", "URL"
    ),
    # templates and variables
    Broken("a provider in a template", TEMPLATES + "  t: {»provider: hosting}\n", "unknown-field", "provider"),
    Broken(
        "a mistake in a template",
        TEMPLATES + "  t: {aliases: {info: {activ: true}}}\n".replace("activ:", "»activ:"),
        "unknown-field",
    ),
    Broken(
        "an undefined variable",
        "vars: {ops: a@b.example}\n" + ALIASES + "      info: »'{{ vars.opps }}'\n",
        "expression",
        "opps",
    ),
    Broken("an undefined name", ALIASES + "      info: »'{{ ops }}'\n", "expression", "ops"),
    Broken("domain outside of a template", ALIASES + "      info: »'a@{{ domain }}'\n", "expression", "domain"),
    Broken("a variable that uses itself", "vars: {a: »'{{ vars.a }}'}\n", "expression", "itself"),
    Broken("a reference in a variable", "vars: {a: »'${env:X}'}\n", "expression", "reference"),
    Broken("a statement", ALIASES + "      info: »'{% if true %}a@b.example{% endif %}'\n", "expression", "{% %}"),
    Broken("half an expression", ALIASES + "      info: »'{{ vars.a'\n", "expression"),
    Broken(
        "an expression of another type",
        "vars: {n: 5}\n" + MAILBOX + "        name: »'{{ vars.n }}'\n",
        "wrong-type",
        "text",
    ),
    # webhooks, consent
    Broken("a webhook without url", "HEAD\nwebhooks:\n  »audit: {events: [a]}\n", "missing-field", "url"),
    Broken("a webhook that is no URL", "HEAD\nwebhooks:\n  audit: {url: »'hooks.example'}\n", "invalid-value", "URL"),
    Broken(
        "events as text", "HEAD\nwebhooks:\n  audit: {url: 'https://a.example', events: »all}\n", "wrong-type", "list"
    ),
    Broken(
        "two webhooks with one URL",
        "HEAD\nwebhooks:\n  a: {url: 'https://a.example'}\n  »b: {url: 'https://a.example'}\n",
        "given-twice",
    ),
    Broken("a consent that is no address", "removed: [»john@example.com]\n", "invalid-address", "PROVIDER/KIND/KEY"),
    Broken("a consent of an unknown kind", "removed: [»hosting/user/john@example.com]\n", "invalid-address", "kind"),
    Broken(
        "consent for what is declared",
        MAILBOX + "        name: x\nremoved:\n  - »hosting/mailbox/JOHN@example.com\n",
        "consent-conflict",
        "declared",
    ),
    Broken(
        "giving up what is declared",
        MAILBOX + "        name: x\nforget: [»hosting/domain/example.com]\n",
        "consent-conflict",
    ),
)
