/*
 * openssl.h - libcrypto's headers, for .c files of io only. OpenSSL has a type
 * called ERR_STATE and so have we an error; theirs is renamed while its headers
 * are read. Headers of ours name OpenSSL's objects by struct tag.
 */
#ifndef IO_OPENSSL_H
#define IO_OPENSSL_H

#include "base/err.h"

#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#endif
