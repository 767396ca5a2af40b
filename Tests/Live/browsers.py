"""Starts Chromium or Firefox with a custom page on a desktop."""
import os
import time

NEEDS = {"chromium": ["chromium"], "firefox": ["firefox-esr"]}
PREFERENCES = {
    "browser.aboutwelcome.enabled": "false",
    "termsofuse.bypassNotification": "true",
    "datareporting.policy.dataSubmissionEnabled": "false",
    "browser.shell.checkDefaultBrowser": "false",
}


def browse(desktop, browser, body, title, size=(1000, 680)):
    """Opens a page; returns its window, placed at (20, 40)."""
    path = f"{desktop.folder}/home/page.html"
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"<!doctype html><meta charset=utf-8><title>{title}</title>{body}")
    profile = f"{desktop.folder}/home/{browser}"
    os.makedirs(profile, exist_ok=True)
    width, height = map(str, size)
    if browser == "firefox":
        with open(f"{profile}/user.js", "w", encoding="utf-8") as file:
            file.writelines(f'user_pref("{name}",{value});\n' for name, value in PREFERENCES.items())
        command = ["firefox-esr", "-no-remote", "-profile", profile, "-width", width, "-height", height]
    else:
        command = ["chromium", f"--user-data-dir={profile}", "--no-sandbox", "--test-type", "--disable-gpu"]
        command += ["--force-renderer-accessibility", "--no-first-run", "--password-store=basic"]
        command += ["--no-default-browser-check", "--disable-background-networking"]
        command += [f"--window-size={width},{height}", "--window-position=20,40"]
    desktop.spawn([*command, f"file://{path}"])
    window = desktop.wait_for_window(title, 60)
    desktop.place(window, 20, 40, *size)
    time.sleep(2.5)
    return desktop.wait_for_window(title)
