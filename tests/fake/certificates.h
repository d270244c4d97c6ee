// Certificates for tests, made in memory: an authority and what it signs. Nothing of it is ever installed anywhere.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "base/check.h"

namespace klink::fake {

struct Subject {
  std::string name = "broker";
  std::string alternative = "DNS:localhost,IP:127.0.0.1";  // as openssl.cnf writes subjectAltName; empty: none
  long begins_s = -3600;                                   // from now
  long ends_s = 24 * 3600;
};

struct Issued {
  std::shared_ptr<EVP_PKEY> private_key;
  std::shared_ptr<X509> x509;

  std::string certificate() const {
    return Text([&](BIO* bio) { return PEM_write_bio_X509(bio, x509.get()); });
  }
  // PKCS#8, encrypted when there is a password.
  std::string key(const std::string& password = "") const {
    return Text([&](BIO* bio) {
      return PEM_write_bio_PKCS8PrivateKey(bio, private_key.get(), password.empty() ? nullptr : EVP_aes_256_cbc(),
                                           password.empty() ? nullptr : password.data(),
                                           static_cast<int>(password.size()), nullptr, nullptr);
    });
  }
  std::string pkcs12(const std::string& password) const {
    PKCS12* store = PKCS12_create(password.c_str(), "klink", private_key.get(), x509.get(), nullptr, 0, 0, 0, 0, 0);
    std::string out = Text([&](BIO* bio) { return i2d_PKCS12_bio(bio, store); });
    PKCS12_free(store);
    return out;
  }

 private:
  template <class Write>
  static std::string Text(Write write) {
    BIO* bio = BIO_new(BIO_s_mem());
    KLINK_CHECK(write(bio) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<size_t>(size));
    BIO_free(bio);
    return text;
  }
};

class Authority {
 public:
  explicit Authority(const std::string& name = "test authority", long life_s = 24 * 3600) {
    self_ = Make({.name = name, .alternative = "", .ends_s = life_s}, true);
  }
  Issued Issue(const Subject& subject) const { return Make(subject, false); }
  std::string certificate() const { return self_.certificate(); }

 private:
  static void Extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    KLINK_CHECK(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  Issued Make(const Subject& subject, bool authority) const {
    Issued made;
    made.private_key = std::shared_ptr<EVP_PKEY>(EVP_EC_gen("P-256"), EVP_PKEY_free);
    made.x509 = std::shared_ptr<X509>(X509_new(), X509_free);
    X509* x509 = made.x509.get();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(x509), subject.begins_s);
    X509_gmtime_adj(X509_getm_notAfter(x509), subject.ends_s);
    X509_set_pubkey(x509, made.private_key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(subject.name.c_str()), -1, -1, 0);
    X509* issuer = authority ? x509 : self_.x509.get();
    X509_set_issuer_name(x509, X509_get_subject_name(issuer));
    Extend(x509, issuer, NID_basic_constraints, authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!subject.alternative.empty()) Extend(x509, issuer, NID_subject_alt_name, subject.alternative);
    KLINK_CHECK(X509_sign(x509, authority ? made.private_key.get() : self_.private_key.get(), EVP_sha256()) > 0);
    return made;
  }

  static inline long serial_ = std::time(nullptr);
  Issued self_;
};

}  // namespace klink::fake
