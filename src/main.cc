#include "cli/app.h"

int main(int argc, char** argv) { return klink::cli::Main(argc, argv); }
