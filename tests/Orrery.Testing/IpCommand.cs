using System.Diagnostics;

namespace Orrery.Testing;

/// <summary>iproute2's <c>ip</c>, by which tests make network stacks and cables.</summary>
public static class IpCommand
{
    /// <exception cref="InvalidOperationException">It is not there, or says why not.</exception>
    public static void Run(params string[] arguments)
    {
        Process ip;
        try
        {
            ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new InvalidOperationException("there is no 'ip' (iproute2)", missing);
        }

        using (ip)
        {
            string fault = ip.StandardError.ReadToEnd();
            ip.WaitForExit();
            if (ip.ExitCode != 0)
            {
                throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {fault.Trim()}");
            }
        }
    }
}
