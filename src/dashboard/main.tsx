import { render } from 'preact';
import { startSession } from './data/session.js';
import { App } from './frame/app.js';
import { startClock } from './frame/clock.js';
import { startKeyboard } from './frame/keyboard.js';
import { startRouter } from './frame/router.js';
import { startTabIcon } from './frame/tab-icon.js';
import { startTheme } from './frame/theme.js';

startTheme();
startClock();
startRouter();
startKeyboard();
startTabIcon();
const root = document.getElementById('app');
if (root) render(<App />, root);
void startSession();
