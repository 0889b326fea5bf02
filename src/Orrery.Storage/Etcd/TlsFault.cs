using System.Security.Authentication;

namespace Orrery.Storage.Etcd;

/// <summary>
/// Reads out of an exception why a connection did not come about. The framework knows it in words alone, its own and OpenSSL's, the more the deeper; and with TLS 1.3 a client
/// certificate that is not taken is told only when the connection seems to stand.
/// </summary>
internal static class TlsFault
{
    /// <returns>What stands in the way, where that is known; and what happened, in words.</returns>
    public static (EtcdObstacle? Obstacle, string Words) Read(Exception fault)
    {
        string[] chain = [.. Chain(fault).Select(e => e.Message)];
        string deepest = chain[^1];
        if (Find(chain, "RemoteCertificateNameMismatch") is not null)
        {
            return (EtcdObstacle.HostName, "its certificate is for another name");
        }

        if (Chain(fault).OfType<AuthenticationException>().FirstOrDefault(e => e.Message.Contains("remote certificate", StringComparison.Ordinal)) is { } untrusted)
        {
            return (EtcdObstacle.Authority, $"its certificate is not trusted ({untrusted.Message[(untrusted.Message.LastIndexOf(':') + 1)..].Trim(' ', '.')})");
        }

        if (Find(chain, " alert ") is { } alert && (alert.Contains("certificate", StringComparison.Ordinal) || alert.Contains("unknown ca", StringComparison.Ordinal)))
        {
            return (EtcdObstacle.ClientCertificate, $"it does not let this client in ({alert[(alert.LastIndexOf(':') + 1)..]})");
        }

        if (Find(chain, "wrong version number", "Cannot determine the frame size") is not null)
        {
            return (EtcdObstacle.Plain, "it speaks no TLS");
        }

        return (null, (chain[0].Contains(deepest, StringComparison.Ordinal) ? chain[0] : $"{chain[0]} {deepest}").ReplaceLineEndings(" "));
    }

    private static string? Find(string[] chain, params ReadOnlySpan<string> parts)
    {
        foreach (string part in parts)
        {
            if (chain.FirstOrDefault(text => text.Contains(part, StringComparison.Ordinal)) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static IEnumerable<Exception> Chain(Exception fault)
    {
        for (Exception? one = fault; one is not null; one = one.InnerException)
        {
            yield return one;
        }
    }
}
