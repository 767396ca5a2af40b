/* A GTK 4 application that records itself: its own pixels, and the boxes of its own widgets, both of the same frame.
 *
 *   feed SESSION     shows a form, types into it by itself, ends after four seconds
 *
 * After each frame that GTK has painted, the window is rendered once more into memory, and the positions of its widgets are read, before
 * anything can change. Both have the number of the frame clock.
 */
#include <gtk/gtk.h>
#include <scrim.h>

typedef struct {
  scrim_recorder *recorder;
  GtkWidget *window, *name, *password, *note;
  GdkPaintable *paintable;
  /* The pixels of this frame and of the previous one. */
  guchar *pixels, *last;
  int width, height, ticks, status;
} app;

static int refused(app *app, int status) {
  if (status < 0) {
    g_printerr("%s\n", scrim_last_error());
    app->status = 1;
  }
  return status < 0;
}

/* The role of a widget; other widgets are decided by their children. */
static const char *role_of(GtkWidget *widget) {
  if (GTK_IS_PASSWORD_ENTRY(widget)) return "password text";
  if (GTK_IS_EDITABLE(widget) || GTK_IS_TEXT_VIEW(widget)) return "entry";
  if (GTK_IS_BUTTON(widget)) return "push button";
  if (GTK_IS_LABEL(widget)) return "label";
  if (GTK_IS_IMAGE(widget) || GTK_IS_PICTURE(widget)) return "image";
  if (GTK_IS_SEPARATOR(widget) || GTK_IS_RANGE(widget)) return "separator";
  return gtk_widget_get_first_child(widget) ? "panel" : "filler";
}

static char *id_of(GtkWidget *widget, GStringChunk *texts) {
  char id[32];
  g_snprintf(id, sizeof id, "%p", (void *)widget);
  return g_string_chunk_insert_const(texts, id);
}

static void list(GtkWidget *widget, GtkWidget *root, GArray *widgets, GStringChunk *texts) {
  graphene_rect_t bounds;
  if (!gtk_widget_get_mapped(widget)) return;
  if (gtk_widget_compute_bounds(widget, root, &bounds)) {
    scrim_widget item = {.role = role_of(widget), .id = id_of(widget, texts), .user_data = widget};
    item.x = bounds.origin.x;
    item.y = bounds.origin.y;
    item.width = bounds.size.width;
    item.height = bounds.size.height;
    if (widget != root) item.parent = id_of(gtk_widget_get_parent(widget), texts);
    if (GTK_IS_BUTTON(widget)) item.name = gtk_button_get_label(GTK_BUTTON(widget));
    g_array_append_val(widgets, item);
  }
  for (GtkWidget *child = gtk_widget_get_first_child(widget); child; child = gtk_widget_get_next_sibling(child))
    if (!GTK_IS_NATIVE(child)) list(child, root, widgets, texts);
}

/* Renders the window as last painted; FALSE before that. */
static gboolean render(app *app) {
  int width = gdk_paintable_get_intrinsic_width(app->paintable);
  int height = gdk_paintable_get_intrinsic_height(app->paintable);
  if (width <= 0 || height <= 0) return FALSE;
  GtkSnapshot *snapshot = gtk_snapshot_new();
  gdk_paintable_snapshot(app->paintable, snapshot, width, height);
  GskRenderNode *node = gtk_snapshot_free_to_node(snapshot);
  if (!node) return FALSE;
  graphene_rect_t viewport = GRAPHENE_RECT_INIT(0, 0, (float)width, (float)height);
  GskRenderer *renderer = gtk_native_get_renderer(GTK_NATIVE(app->window));
  GdkTexture *texture = gsk_renderer_render_texture(renderer, node, &viewport);
  gsk_render_node_unref(node);
  if (width != app->width || height != app->height) {
    app->pixels = g_realloc_n(app->pixels, (gsize)height, (gsize)width * 4);
    app->last = g_realloc_n(app->last, (gsize)height, (gsize)width * 4);
    app->width = width;
    app->height = height;
  } else {
    guchar *last = app->last;
    app->last = app->pixels;
    app->pixels = last;
  }
  gdk_texture_download(texture, app->pixels, (gsize)width * 4);
  g_object_unref(texture);
  return TRUE;
}

/* The rows that differ from the previous frame. */
static scrim_rect changed_rows(const app *app) {
  gsize row = (gsize)app->width * 4;
  int first = 0, end = app->height;
  while (first < end && memcmp(app->pixels + first * row, app->last + first * row, row) == 0) first++;
  while (end > first && memcmp(app->pixels + (end - 1) * row, app->last + (end - 1) * row, row) == 0) end--;
  return (scrim_rect){0, first, app->width, end - first};
}

static void after_paint(GdkFrameClock *clock, gpointer data) {
  app *app = data;
  int width = app->width, height = app->height;
  if (app->status || !render(app)) return;
  GArray *widgets = g_array_new(FALSE, TRUE, sizeof(scrim_widget));
  GStringChunk *texts = g_string_chunk_new(4096);
  list(app->window, app->window, widgets, texts);
  uint64_t generation = (uint64_t)gdk_frame_clock_get_frame_counter(clock);
  scrim_boxes boxes = {.size = sizeof boxes, .widget_size = sizeof(scrim_widget), .count = widgets->len,
                       .widgets = (const scrim_widget *)(void *)widgets->data, .generation = generation};
  scrim_frame frame = {.size = sizeof frame, .pixels = app->pixels, .stride = (size_t)app->width * 4,
                       .width = app->width, .height = app->height, .format = SCRIM_FORMAT_BGRX,
                       .generation = generation};
  scrim_rect damage = {0, 0, app->width, app->height};
  if (width == app->width && height == app->height) damage = changed_rows(app);
  refused(app, scrim_capture(app->recorder, &frame, &boxes, &damage, 1));
  g_array_free(widgets, TRUE);
  g_string_chunk_free(texts);
}

static gboolean type(gpointer data) {
  app *app = data;
  static const char name[] = "Ada Lovelace", password[] = "correct-horse";
  GtkWidget *fields[] = {app->name, app->password};
  const char *texts[] = {name, password};
  for (int i = 0; i < 2; i++) {
    int end = (int)gtk_editable_get_position(GTK_EDITABLE(fields[i]));
    if (app->ticks < (int)strlen(texts[i]))
      gtk_editable_insert_text(GTK_EDITABLE(fields[i]), texts[i] + app->ticks, 1, &end);
    gtk_editable_set_position(GTK_EDITABLE(fields[i]), end);
  }
  if (app->ticks == 20) gtk_label_set_text(GTK_LABEL(app->note), "Card 4111 1111 1111 1111");
  if (++app->ticks < 40) return G_SOURCE_CONTINUE;
  gtk_window_destroy(GTK_WINDOW(app->window));
  return G_SOURCE_REMOVE;
}

static void realized(GtkWidget *window, gpointer data) {
  g_signal_connect(gtk_widget_get_frame_clock(window), "after-paint", G_CALLBACK(after_paint), data);
}

static void activate(GtkApplication *application, gpointer data) {
  app *app = data;
  app->window = gtk_application_window_new(application);
  gtk_window_set_title(GTK_WINDOW(app->window), "Sign in");
  gtk_window_set_default_size(GTK_WINDOW(app->window), 420, 260);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
  gtk_widget_set_margin_start(box, 20);
  gtk_widget_set_margin_end(box, 20);
  gtk_widget_set_margin_top(box, 20);
  app->note = gtk_label_new("Account 12345");
  app->name = gtk_entry_new();
  app->password = gtk_password_entry_new();
  gtk_box_append(GTK_BOX(box), app->note);
  gtk_box_append(GTK_BOX(box), app->name);
  gtk_box_append(GTK_BOX(box), app->password);
  gtk_box_append(GTK_BOX(box), gtk_button_new_with_label("Send it"));
  gtk_window_set_child(GTK_WINDOW(app->window), box);
  app->paintable = gtk_widget_paintable_new(app->window);
  g_signal_connect(app->window, "realize", G_CALLBACK(realized), app);
  gtk_window_present(GTK_WINDOW(app->window));
  g_timeout_add(100, type, app);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    g_printerr("usage: %s SESSION\n", argv[0]);
    return 2;
  }
  app app = {0};
  scrim_config config = {.size = sizeof config, .folder = argv[1], .policy = "controls", .producer = "feed-gtk4"};
  if (refused(&app, scrim_create(&config, &app.recorder)) || refused(&app, scrim_start(app.recorder))) return 1;
  GtkApplication *application = gtk_application_new("org.example.scrim.feed", G_APPLICATION_NON_UNIQUE);
  g_signal_connect(application, "activate", G_CALLBACK(activate), &app);
  int status = g_application_run(G_APPLICATION(application), 0, NULL);
  scrim_summary summary = {.size = sizeof summary};
  scrim_counts counts = {.size = sizeof counts};
  if (!refused(&app, scrim_stop(app.recorder, &summary)) && !refused(&app, scrim_get_counts(app.recorder, &counts)))
    g_print("%d frames of %d captures, %d bytes\n", (int)summary.frames, (int)counts.captures, (int)summary.bytes);
  scrim_destroy(app.recorder);
  g_clear_object(&app.paintable);
  g_object_unref(application);
  g_free(app.pixels);
  g_free(app.last);
  return status | app.status;
}
