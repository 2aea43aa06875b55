#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// What OpenSSL offers as macros only.
static const uint64_t COpenSSL_options =
    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
    SSL_OP_IGNORE_UNEXPECTED_EOF;
static const long COpenSSL_modes =
    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;
static const unsigned long COpenSSL_name_format = XN_FLAG_RFC2253;
static inline long COpenSSL_set_min_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}
static inline long COpenSSL_set_modes(SSL_CTX *context, long modes) { return SSL_CTX_set_mode(context, modes); }
static inline long COpenSSL_set_groups(SSL_CTX *context, const char *names) {
    return SSL_CTX_set1_groups_list(context, names);
}
static inline long COpenSSL_set_session_cache(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}

// What a client needs. An end without notice is an error: it may be an attacker's.
static const uint64_t COpenSSL_client_options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;
static const unsigned int COpenSSL_host_flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
static inline long COpenSSL_set_server_name(SSL *session, const char *name) {
    return SSL_set_tlsext_host_name(session, name);
}
static inline int COpenSSL_reason(unsigned long code) { return ERR_GET_REASON(code); }
