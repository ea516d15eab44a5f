huecry_fuzz(photos_fuzz SOURCES photos_fuzz.cpp LINK huecry_photos)
