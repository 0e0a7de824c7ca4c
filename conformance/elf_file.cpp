// SPDX-License-Identifier: MIT
#include "conformance/elf_file.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>

#include <gelf.h>
#include <libelf.h>

#include <memory>

namespace pigeon::conformance {
namespace {

struct EndElf {
  void operator()(Elf* elf) const { ::elf_end(elf); }
};

std::string string_at(Elf* elf, const GElf_Shdr& header, std::size_t offset) {
  const char* text = ::elf_strptr(elf, header.sh_link, offset);
  return text == nullptr ? "" : text;
}

void read_dynamic(Elf* elf, const GElf_Shdr& header, Elf_Data* data, ElfFile& file) {
  for (int index = 0;; ++index) {
    GElf_Dyn entry;
    if (::gelf_getdyn(data, index, &entry) == nullptr || entry.d_tag == DT_NULL) return;
    switch (entry.d_tag) {
      case DT_NEEDED:
        file.needed.push_back(string_at(elf, header, entry.d_un.d_val));
        break;
      case DT_RPATH:
      case DT_RUNPATH:
        file.run_path += string_at(elf, header, entry.d_un.d_val);
        break;
      case DT_TEXTREL:
        file.has_text_relocations = true;
        break;
      case DT_BIND_NOW:
        file.is_bound_now = true;
        break;
      case DT_FLAGS:
        file.is_bound_now = file.is_bound_now || (entry.d_un.d_val & DF_BIND_NOW) != 0;
        file.has_text_relocations = file.has_text_relocations || (entry.d_un.d_val & DF_TEXTREL) != 0;
        break;
      case DT_FLAGS_1:
        file.is_bound_now = file.is_bound_now || (entry.d_un.d_val & DF_1_NOW) != 0;
        break;
      default:
        break;
    }
  }
}

void read_symbols(Elf* elf, const GElf_Shdr& header, Elf_Data* data, ElfFile& file) {
  for (int index = 1;; ++index) {
    GElf_Sym symbol;
    if (::gelf_getsym(data, index, &symbol) == nullptr) return;
    const auto binding = GELF_ST_BIND(symbol.st_info);
    const auto name = string_at(elf, header, symbol.st_name);
    if (symbol.st_shndx == SHN_UNDEF && binding == STB_GLOBAL) file.undefined.push_back(name);
    if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
    file.exported.push_back({name, binding == STB_GNU_UNIQUE});
  }
}

}  // namespace

Result<ElfFile> read_elf(const std::string& path) {
  const auto wrong = [&] {
    const auto error = ::elf_errno();
    return misconfigured("read " + path + ": " +
                         (error == 0 ? "it is not an ELF file" : ::elf_errmsg(error)));
  };
  ::elf_version(EV_CURRENT);
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return system_failure("open " + path, errno);
  const std::unique_ptr<Elf, EndElf> elf(::elf_begin(fd.get(), ELF_C_READ, nullptr));
  std::size_t segments = 0;
  if (!elf || ::elf_kind(elf.get()) != ELF_K_ELF || ::elf_getphdrnum(elf.get(), &segments) != 0)
    return wrong();
  ElfFile file;
  for (std::size_t index = 0; index < segments; ++index) {
    GElf_Phdr segment;
    if (::gelf_getphdr(elf.get(), static_cast<int>(index), &segment) == nullptr) return wrong();
    if (segment.p_type == PT_GNU_RELRO) file.has_relro = true;
    if (segment.p_type == PT_GNU_STACK) file.has_executable_stack = (segment.p_flags & PF_X) != 0;
  }
  for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf.get(), section)) != nullptr;) {
    GElf_Shdr header;
    if (::gelf_getshdr(section, &header) == nullptr) return wrong();
    if (header.sh_type != SHT_DYNAMIC && header.sh_type != SHT_DYNSYM) continue;
    Elf_Data* data = ::elf_getdata(section, nullptr);
    if (data == nullptr) return wrong();
    if (header.sh_type == SHT_DYNAMIC) read_dynamic(elf.get(), header, data, file);
    if (header.sh_type == SHT_DYNSYM) read_symbols(elf.get(), header, data, file);
  }
  return file;
}

}  // namespace pigeon::conformance
