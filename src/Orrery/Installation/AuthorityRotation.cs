using System.Globalization;
using System.Security.Cryptography;

namespace Orrery.Installation;

/// <summary>How far an installation is on its way from one certificate authority to the next.</summary>
internal enum RotationPhase
{
    /// <summary>The next one is trusted and made known, and signs nothing yet.</summary>
    Introduced,

    /// <summary>The next one signs client certificates; the servers' own are still of the former, for clients that were away.</summary>
    Switched,
}

/// <summary>The next certificate authority of an installation, while there are two. A secret.</summary>
/// <param name="Since">When the phase began.</param>
internal sealed record AuthorityRotation(RotationPhase Phase, DateTimeOffset Since, string CertificatePem, string KeyPem)
{
    private const string PhaseMark = "Phase: ";
    private const string SinceMark = "Since: ";

    /// <exception cref="FormatException">It is not what <see cref="ToText"/> writes.</exception>
    public static AuthorityRotation Parse(string text)
    {
        string Line(string mark) => text.Split('\n').FirstOrDefault(l => l.StartsWith(mark, StringComparison.Ordinal))?[mark.Length..].Trim()
            ?? throw new FormatException($"a rotation of authorities says '{mark}…'");
        var pems = new List<string>();
        for (ReadOnlySpan<char> rest = text; PemEncoding.TryFind(rest, out PemFields fields); rest = rest[fields.Location.End..])
        {
            pems.Add(rest[fields.Location].ToString() + "\n");
        }

        return Enum.TryParse(Line(PhaseMark), out RotationPhase phase) && Enum.IsDefined(phase)
            && DateTimeOffset.TryParse(Line(SinceMark), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset since) && pems.Count == 2
                ? new AuthorityRotation(phase, since, pems[0], pems[1])
                : throw new FormatException("a rotation of authorities holds a phase, a time, a certificate and its key");
    }

    public string ToText() => $"{PhaseMark}{Phase}\n{SinceMark}{Since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}\n{CertificatePem.TrimEnd()}\n{KeyPem.TrimEnd()}\n";

    /// <summary>Keeps the key out of whatever prints records.</summary>
    public override string ToString() => $"{nameof(AuthorityRotation)} {Phase}";
}
