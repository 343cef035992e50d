// Opens one page in headless Firefox, has it forget and learn again, and prints what it shows as JSON: node firefox.mjs URL
// Firefox speaks WebDriver BiDi itself, so that no driver of its own is needed.
import puppeteer from 'puppeteer-core';

const [, , address, executablePath] = process.argv;
const errors = [];
const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true });
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(address);
  const until = async (condition) => {
    for (const end = Date.now() + 60_000; !(await page.evaluate(condition)); ) {
      if (Date.now() > end) throw new Error(`nothing after a minute: ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await until(() => ['ready', 'failed'].includes(document.documentElement.dataset.state));
  await page.click('#train-start');
  await until(() => document.getElementById('train').dataset.state === 'done');
  const shown = await page.evaluate(() => ({
    state: document.documentElement.dataset.state,
    form: document.documentElement.dataset.form,
    held: document.getElementById('train-held').textContent,
    sent: document.getElementById('figure-sent').textContent,
  }));
  console.log(JSON.stringify({ ...shown, errors }));
} finally {
  await browser.close();
}
