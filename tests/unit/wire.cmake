huecry_test(wire_test LABEL unit SOURCES wire_test.cpp LINK huecry_wire)
