/** Where probe endpoints are unless somebody says otherwise; the README's pod specs use it. */
export const SERVE_PORT = 8086;
