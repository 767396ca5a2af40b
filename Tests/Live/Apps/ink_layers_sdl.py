"""An SDL window that draws secrets, moves and changes its size. Usage: ink_layers_sdl.py TITLE"""
import os
import sys
import time

os.environ["SDL_VIDEO_WINDOW_POS"] = "200,150"
import pygame  # noqa: E402

pygame.init()
pygame.display.set_caption(sys.argv[1])
font = pygame.font.Font(None, 40)
for size, flags in (((500, 300), 0), ((500, 300), pygame.NOFRAME), ((700, 400), pygame.RESIZABLE)):
    screen = pygame.display.set_mode(size, flags)
    end = time.time() + 2.2
    while time.time() < end:
        pygame.event.pump()
        screen.fill((255, 255, 255))
        for row in range(size[1] // 40):
            screen.blit(font.render("SECRET-4471 Margarethe " * 3, False, (0xC8, 0, 0x96)), (5, row * 40))
        pygame.display.flip()
        time.sleep(0.3)
