# What client-lib/src/net decides without a connection, and its runtime.
huecry_test(net_test LABEL unit
  SOURCES net_session_test.cpp net_backoff_test.cpp net_proof_test.cpp net_blob_job_test.cpp
          net_runtime_test.cpp
  LINK huecry_net)
