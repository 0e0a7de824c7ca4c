# SPDX-License-Identifier: MIT
set(CPACK_COMPONENT_PIGEONDELIVER-MYSQL_DESCRIPTION
    "MariaDB as the tree and the mail store of PigeonDeliver
Keeps the domains and users that the mail delivery agent PigeonDeliver looks up
in a MariaDB server, in one of several, or in a Galera cluster, so that many
delivery hosts share them; and mail, for those who want it in a database.")
set(CPACK_DEBIAN_PIGEONDELIVER-MYSQL_PACKAGE_DEPENDS "pigeondeliver (= ${PROJECT_VERSION}-1)")
