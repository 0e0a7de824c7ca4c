# SPDX-License-Identifier: MIT
set(CPACK_COMPONENT_PIGEONDELIVER_DESCRIPTION
    "mail delivery agent whose every part is a plugin
Postfix, Exim or OpenSMTPD hands pigeon-deliver a message by pipe; it looks the
recipient up in a tree of domains and users, loads by name the plugin for each
object that it finds there, and stores the mail, durably and once.
.
With plugins for a tree in SQLite and for mail in Maildir++.")
set(CPACK_DEBIAN_PIGEONDELIVER_PACKAGE_CONTROL_EXTRA "${debian}/conffiles")
# Loaded when an address needs it; not linked.
set(CPACK_DEBIAN_PIGEONDELIVER_PACKAGE_DEPENDS "libidn2-0")
