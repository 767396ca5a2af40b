#include "scrim_codecs.h"
