# SPDX-License-Identifier: MIT
"""The schema for LDAP servers: it comes from the installed plugins, and slapd takes it."""

import pathlib
import re
import tempfile
import unittest

import tree_slapd
from conformance_runs import CXX, Bench
from pigeon_site import PLUGINS, Site
from slapd import BASE, Slapd

OID = re.compile(r"\(\s*(2\.25\.335135683984963855399387347013191212770(?:\.\d+)+)\s+NAME\s+'([^']+)'")

MODULE = r"""
#include <pigeon/sdk/module.hpp>
#include <array>
#include <memory>
namespace {
using namespace pigeon;
constexpr std::array kAttributes = {%s};
constexpr pigeon_class kClass = structural(NAME, "a module's object", kAttributes);
constexpr std::array kClasses = {&kClass};
struct Audit {
  static Result<std::unique_ptr<Audit>> open(Host, const Settings&) { return std::make_unique<Audit>(); }
  Result<Outcome> run(Run&) { return Outcome::go_on; }
};
constexpr About kAbout = {.name = NAME, .version = "1", .summary = "a step", .classes = kClasses, .settings = {}};
}
PIGEON_MODULE(Audit, 0, kAbout);
"""


def setUpModule():
    tree_slapd.need()


def definitions(schema):
    """The identifier of each name."""
    found = dict((name, oid) for oid, name in OID.findall(schema))
    assert len(found) == len(OID.findall(schema)), schema
    return found


class Schema(unittest.TestCase):
    def plugin(self, name, *attributes):
        """A directory with one plugin, a module that declares these attributes."""
        bench = self.enterContext(Bench())
        source = bench.root / f"{name}.cpp"
        source.write_text(MODULE % ", ".join(attributes))
        built = bench.build(name, source, compiler=CXX)
        return built.parent

    def test_slapd_conf(self):
        """slapd takes it by include, and the tree works with it"""
        with Slapd(schema=tree_slapd.schema()) as server:
            self.works_on(server)

    def test_cn_config(self):
        """slapd takes it as LDIF into cn=config while it runs, and the tree works with it"""
        with Slapd(config_db=True) as server:
            server.add(tree_slapd.schema("--cn-config"))
            self.works_on(server)

    def works_on(self, server):
        with Site({"datatree": "datatree-ldap", "datatree-sqlite": None,
                   "datatree-ldap": tree_slapd.section(server)}) as site:
            self.assertEqual(site.deliver().exit, 0)
            site.ctl("check")

    def test_every_declaration(self):
        """every class and attribute that is declared is in it, once"""
        text = tree_slapd.schema()
        found = definitions(text)
        with Site(domain=None) as site:
            classes = site.ctl_json("schema", "json")[0]["classes"]
        names = {f"pigeon{each['name'][0].upper()}{each['name'][1:]}" for declared in classes
                 for each in [declared, *declared["attributes"]]}
        self.assertGreater(len(names), 15)
        self.assertEqual(set(found) - {"pigeonName", "pigeon-lock", "pigeon-container"}, names)
        self.assertEqual(len(set(found.values())), len(found))

    def test_stable(self):
        """it is the same every time, and the identifiers stay when a plugin comes"""
        before = tree_slapd.schema()
        self.assertEqual(tree_slapd.schema(), before)
        plugins = self.plugin("mailAudit", 'text_of("auditTrail", "where to")')
        after = tree_slapd.schema(plugins=[plugins])
        self.assertLessEqual(definitions(before).items(), definitions(after).items())
        self.assertEqual(set(definitions(after)) - set(definitions(before)), {"pigeonMailAudit", "pigeonAuditTrail"})

    def test_shared(self):
        """two plugins share an attribute only if they declare it identically"""
        one = self.plugin("mailAudit", 'text_of("trail", "where to")')
        same = self.plugin("mailTrace", 'text_of("trail", "where to")')
        other = self.plugin("mailTrack", 'text_of("trail", "where to", nullptr, PIGEON_DECLARATION_MULTI)')
        both = tree_slapd.schema(plugins=[one, same])
        self.assertEqual(len(re.findall(r"NAME\s+'pigeonTrail'", both)), 1)
        with Slapd(schema=both):
            pass
        refused = tree_slapd.schema(plugins=[one, other])
        self.assertNotIn("pigeonMailTrack", refused)
        self.assertIn("pigeonMailAudit", refused)

    def test_map(self):
        """what the map names is the server's own, and the tree works with it"""
        section = {"map": ["home=homeDirectory", "quotaMessages=uidNumber"]}
        text = tree_slapd.schema(section=section)
        self.assertNotIn("pigeonHome", text)
        self.assertNotIn("pigeonQuotaMessages", text)
        with Slapd(schema=text) as server:
            own = tree_slapd.section(server, **section)
            with Site({"datatree": "datatree-ldap", "datatree-sqlite": None, "datatree-ldap": own}) as site:
                self.assertEqual(site.deliver().exit, 0)
                self.assertEqual(site.allocation()["home"], "example.com/alice")
                entries = dict(server.entries(BASE))
                alice = entries[f"pigeonName=alice,pigeonName=mailUsers,pigeonName=example.com,{BASE}"]
                self.assertEqual(alice["homeDirectory"], ["example.com/alice"])
                store = "/example.com/mailUsers/alice/mailStore"
                site.ctl("tree", "add", store, "mailStore", "--class", "mda-maildir", "quotaMessages=7")
                self.assertIn("uidNumber: 7", server.search(BASE, "(uidNumber=7)").stdout)
                self.assertEqual(site.ctl_json("tree", "get", store)[0]["attributes"], {"quotaMessages": "7"})

    def test_extended(self):
        """init adds what a new plugin declares, where it may; nothing is taken away, and no data"""
        with Slapd(config_db=True) as server:
            section = tree_slapd.section(server)
            settings = {"datatree": "datatree-ldap", "datatree-sqlite": None, "datatree-ldap": section}
            server.add(tree_slapd.schema("--cn-config"))
            with Site(settings) as site:
                self.assertEqual(site.deliver().exit, 0)
                before = site.ctl("tree", "export").stdout
                plugins = self.plugin("mailAudit", 'text_of("auditTrail", "where to")')
                site.configure({"plugins": [str(plugins), str(PLUGINS)]})
                refused = site.ctl("init", check=False)
                self.assertIn("lacks attribute type pigeonAuditTrail, object class pigeonMailAudit",
                              refused.stdout + refused.stderr)
                site.configure({"datatree-ldap": {"extendSchema": True}})
                site.ctl("init")
                site.ctl("tree", "add", "/example.com/mailAudit", "mailAudit", "auditTrail=x")
                # A newer version of the plugin knows more, an older one less.
                newer = self.plugin("mailAudit", 'text_of("auditTrail", "where to")', 'text_of("auditLevel", "")')
                site.configure({"plugins": [str(newer), str(PLUGINS)]})
                site.ctl("init")
                site.ctl("tree", "set", "/example.com/mailAudit", "auditLevel=2")
                site.configure({"plugins": [str(PLUGINS)]})
                site.ctl("init")
                site.ctl("tree", "remove", "/example.com/mailAudit")
                self.assertEqual(site.ctl("tree", "export").stdout, before)
                self.assertIn("pigeonAuditLevel", server.search("cn=Subschema", "-s", "base", "attributeTypes").stdout)

    def test_more_values(self):
        """an attribute that has got several values: init says that the server takes one, and does not call it set up"""
        for extend in (False, True):
            with self.subTest(extend=extend), Slapd(config_db=True) as server:
                one = self.plugin("mailAudit", 'text_of("auditTrail", "where to")')
                server.add(tree_slapd.schema("--cn-config", plugins=[one]))
                several = self.plugin("mailAudit", 'text_of("auditTrail", "where to", nullptr, PIGEON_DECLARATION_MULTI)')
                section = tree_slapd.section(server, extendSchema=extend)
                with Site({"datatree": "datatree-ldap", "datatree-sqlite": None, "datatree-ldap": section}) as site:
                    site.configure({"plugins": [str(several), str(PLUGINS)]})
                    refused = site.ctl("init", check=False)
                    self.assertEqual(refused.returncode, 1)
                    self.assertIn("lacks more than one value for pigeonAuditTrail", refused.stdout)
                    self.assertEqual(site.deliver().exit, 0)

    def test_two_locks(self):
        """a server whose schema would let two hold a lock does not pass the check"""
        definition = re.search(r"attributetype \(\s[^(]*'pigeon-lock'[^()]*SINGLE-VALUE \)", tree_slapd.schema())[0]
        careless = tree_slapd.schema().replace(definition, definition.replace("SINGLE-VALUE", ""))
        with Slapd(schema=careless) as server, Site({"datatree": "datatree-ldap", "datatree-sqlite": None,
                                                     "datatree-ldap": tree_slapd.section(server)}) as site:
            checked = site.ctl("check", check=False)
            self.assertEqual(checked.returncode, 1)
            self.assertIn("takes more than one value of pigeon-lock", checked.stdout)

    def test_not_allowed(self):
        """where init may not write to cn=config, it says what to do, and changes nothing"""
        with Slapd() as server, tempfile.TemporaryDirectory() as directory:
            pathlib.Path(directory).chmod(0o755)
            section = tree_slapd.section(server, extendSchema=True)
            with Site({"datatree": "datatree-sqlite"}, domain=None) as site:
                site.configure({"datatree": "datatree-ldap", "datatree-sqlite": None, "datatree-ldap": section})
                refused = site.ctl("init", check=False)
                self.assertEqual(refused.returncode, 1)
                self.assertIn("cn=schema,cn=config", refused.stdout + refused.stderr)
                self.assertEqual(server.search(BASE, check=False).returncode, 32)

    def test_other_datatree(self):
        """a datatree that has no such schema says so"""
        with Site(domain=None) as site:
            refused = site.ctl("schema", "ldap", check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("is printed as sql", refused.stderr)


if __name__ == "__main__":
    unittest.main()
