'use strict';
// The identity of a server of TLS in tests: a key and a certificate that it signed itself, for localhost and
// other.example, valid up to 2126. Nobody else trusts it: made with
//   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=localhost
//       -addext subjectAltName=DNS:localhost,DNS:other.example,IP:127.0.0.1
exports.key = [
  '-----BEGIN PRIVATE KEY-----',
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5oZ2M2lhrTq1Luf3',
  'GsLsmQQwPVksfTqsNRX6YkwxlYqhRANCAAQb0rDNklnyzgTSzhheYJxEOEt2lzny',
  'J30dAvU3bAPjoWWkAZsblAbW879FID8+872UgQDS3lNF1IrDEqGt79Zq',
  '-----END PRIVATE KEY-----',
].join('\n');
exports.cert = [
  '-----BEGIN CERTIFICATE-----',
  'MIIBqjCCAVCgAwIBAgIURr2AlrNk7zh78j23z4Rs3BO8l24wCgYIKoZIzj0EAwIw',
  'FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTAzNDcwOVoYDzIxMjYxMTA1',
  'MDM0NzA5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO',
  'PQMBBwNCAAQb0rDNklnyzgTSzhheYJxEOEt2lznyJ30dAvU3bAPjoWWkAZsblAbW',
  '879FID8+872UgQDS3lNF1IrDEqGt79Zqo34wfDAdBgNVHQ4EFgQUNnZgPHIvkBBH',
  'TlGRq4kIAFfgaVQwHwYDVR0jBBgwFoAUNnZgPHIvkBBHTlGRq4kIAFfgaVQwDwYD',
  'VR0TAQH/BAUwAwEB/zApBgNVHREEIjAggglsb2NhbGhvc3SCDW90aGVyLmV4YW1w',
  'bGWHBH8AAAEwCgYIKoZIzj0EAwIDSAAwRQIhAI4kO0H5vqnKdiox+TWxxFDbzk8+',
  'GUAk5cSq0enNR1IjAiBWe7b5cT+hIxjqKi517IUgW1eEurnCSbX3zXRCC7gGcg==',
  '-----END CERTIFICATE-----',
].join('\n');
