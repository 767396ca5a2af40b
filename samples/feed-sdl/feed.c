/* A terminal with keys, drawn with SDL into a surface, that records itself: a PIN is typed, then a balance replaces the keys.
 *
 *   feed SESSION     types by itself, ends after two seconds; keys of a real keyboard count too
 *
 * Every state of the drawing has a number. The surface and its boxes are passed to the recorder with that number.
 */
#include <SDL.h>
#include <scrim.h>

enum { WIDTH = 320, HEIGHT = 400, KEYS = 9 };
static const SDL_Rect pin_box = {20, 20, 280, 44};
enum { PAPER = 0xF0F0F0, FIELD = 0xFFFFFF, KEY = 0x204A87, LABEL = 0xFFFFFF, SECRET = 0xC80096 };

typedef struct {
  SDL_Surface *surface;
  scrim_widget widgets[KEYS + 3];
  size_t count;
  /* Number of the drawn state. */
  uint64_t generation;
  char pin[5];
  int is_open;
} terminal;

static int refused(int status) {
  if (status < 0) fprintf(stderr, "%s\n", scrim_last_error());
  return status < 0;
}

/* A digit of seven strokes, as on a pocket calculator. */
static void digit(SDL_Surface *to, int value, SDL_Rect at, Uint32 colour) {
  static const Uint8 strokes[] = {0x77, 0x24, 0x5D, 0x6D, 0x2E, 0x6B, 0x7B, 0x25, 0x7F, 0x6F};
  int w = at.w, h = at.h, t = 3;
  const SDL_Rect all[] = {{at.x, at.y, w, t},         {at.x, at.y, t, h / 2},         {at.x + w - t, at.y, t, h / 2},
                          {at.x, at.y + h / 2, w, t}, {at.x, at.y + h / 2, t, h / 2}, {at.x + w - t, at.y + h / 2, t, h / 2},
                          {at.x, at.y + h - t, w, t}};
  for (int i = 0; i < 7; i++)
    if (strokes[value] >> i & 1) SDL_FillRect(to, &all[i], colour);
}

/* Draws a box with digits and lists it, so that pixels and boxes always agree. */
static void put(terminal *on, const char *role, const char *id, SDL_Rect box, Uint32 colour, const char *digits, Uint32 ink) {
  SDL_FillRect(on->surface, &box, colour);
  for (int i = 0; digits[i]; i++)
    digit(on->surface, digits[i] - '0', (SDL_Rect){box.x + 18 + i * 24, box.y + 10, 14, 24}, ink);
  on->widgets[on->count++] = (scrim_widget){.role = role, .id = id, .parent = "terminal", .x = box.x, .y = box.y, .width = box.w, .height = box.h};
}

static void draw(terminal *on) {
  static const char *const ids[KEYS] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
  SDL_FillRect(on->surface, NULL, PAPER);
  on->widgets[0] = (scrim_widget){.role = "frame", .id = "terminal", .width = WIDTH, .height = HEIGHT};
  on->count = 1;
  put(on, "password text", "pin", pin_box, FIELD, on->pin, SECRET);
  if (on->is_open) {
    /* At the place of the keys. */
    put(on, "label", "balance", (SDL_Rect){20, 84, 280, 44}, FIELD, "2718281828", SECRET);
    put(on, "push button", "leave", (SDL_Rect){20, 344, 280, 44}, KEY, "0", LABEL);
  } else {
    for (int i = 0; i < KEYS; i++)
      put(on, "push button", ids[i], (SDL_Rect){20 + i % 3 * 96, 84 + i / 3 * 64, 88, 44}, KEY, ids[i], LABEL);
  }
  on->generation++;
}

static int capture(scrim_recorder *recorder, const terminal *from, SDL_Rect changed) {
  const SDL_Surface *surface = from->surface;
  scrim_boxes boxes = {.size = sizeof boxes, .widget_size = sizeof(scrim_widget), .widgets = from->widgets,
                       .count = from->count, .generation = from->generation};
  scrim_frame frame = {.size = sizeof frame, .pixels = surface->pixels, .stride = (size_t)surface->pitch,
                       .width = surface->w, .height = surface->h, .format = SCRIM_FORMAT_BGRX,
                       .generation = from->generation};
  /* If only masked pixels changed, no frame is recorded: the time of typing the PIN is not revealed. */
  scrim_rect damage = {changed.x, changed.y, changed.w, changed.h};
  return refused(scrim_capture(recorder, &frame, &boxes, &damage, 1));
}

/* Handles a key; returns the area to redraw. */
static SDL_Rect press(terminal *on, SDL_Keycode key) {
  size_t length = strlen(on->pin);
  if (key == SDLK_RETURN) {
    on->is_open = 1;
    return (SDL_Rect){0, 0, WIDTH, HEIGHT};
  }
  if (key < SDLK_0 || key > SDLK_9 || length == sizeof on->pin - 1) return (SDL_Rect){0};
  on->pin[length] = (char)key;
  return pin_box;
}

static int run(scrim_recorder *recorder, SDL_Window *window) {
  static const SDL_Keycode script[] = {SDLK_3, SDLK_1, SDLK_4, SDLK_1, SDLK_RETURN};
  terminal terminal = {.surface = SDL_CreateRGBSurfaceWithFormat(0, WIDTH, HEIGHT, 32, SDL_PIXELFORMAT_RGB888)};
  if (!terminal.surface) return 1;
  SDL_Rect changed = {0, 0, WIDTH, HEIGHT};
  int failed = 0;
  for (Uint32 tick = 0; tick < 120 && !failed; tick++) {
    if (tick % 15 == 14 && tick / 15 < SDL_arraysize(script)) {
      SDL_Event key = {.type = SDL_KEYDOWN};
      key.key.keysym.sym = script[tick / 15];
      SDL_PushEvent(&key);
    }
    for (SDL_Event event; SDL_PollEvent(&event);) {
      if (event.type == SDL_QUIT) tick = 120;
      if (event.type != SDL_KEYDOWN) continue;
      scrim_event key = {.size = sizeof key, .type = "key"};
      failed |= refused(scrim_record(recorder, &key));
      SDL_Rect more = press(&terminal, event.key.keysym.sym);
      SDL_UnionRect(&changed, &more, &changed);
    }
    if (!SDL_RectEmpty(&changed)) {
      draw(&terminal);
      SDL_BlitSurface(terminal.surface, NULL, SDL_GetWindowSurface(window), NULL);
      SDL_UpdateWindowSurface(window);
      failed |= capture(recorder, &terminal, changed);
      changed = (SDL_Rect){0};
    }
    SDL_Delay(16);
  }
  SDL_FreeSurface(terminal.surface);
  return failed;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s SESSION\n", argv[0]);
    return 2;
  }
  if (SDL_Init(SDL_INIT_VIDEO) != 0) {
    fprintf(stderr, "SDL: %s\n", SDL_GetError());
    return 3;
  }
  SDL_Window *window = SDL_CreateWindow("Terminal", 0, 0, WIDTH, HEIGHT, 0);
  scrim_config config = {.size = sizeof config, .folder = argv[1], .policy = "controls", .producer = "feed-sdl"};
  scrim_recorder *recorder;
  if (!window || refused(scrim_create(&config, &recorder)) || refused(scrim_start(recorder))) return 1;
  int failed = run(recorder, window);
  scrim_summary summary = {.size = sizeof summary};
  failed |= refused(scrim_stop(recorder, &summary));
  printf("%d frames, %d events, %d bytes\n", (int)summary.frames, (int)summary.events, (int)summary.bytes);
  failed |= refused(scrim_destroy(recorder));
  SDL_DestroyWindow(window);
  SDL_Quit();
  return failed;
}
