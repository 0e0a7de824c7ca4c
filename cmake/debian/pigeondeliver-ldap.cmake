# SPDX-License-Identifier: MIT
set(CPACK_COMPONENT_PIGEONDELIVER-LDAP_DESCRIPTION
    "tree of PigeonDeliver in an LDAP directory
The plugin with which PigeonDeliver, a mail delivery agent, keeps its tree of
domains and users in an OpenLDAP server, or in several of them: with TLS,
referrals, aliases, and other servers for when one does not answer.")
set(CPACK_DEBIAN_PIGEONDELIVER-LDAP_PACKAGE_DEPENDS "pigeondeliver (= ${PROJECT_VERSION}-1)")
set(CPACK_DEBIAN_PIGEONDELIVER-LDAP_PACKAGE_SUGGESTS "slapd")
