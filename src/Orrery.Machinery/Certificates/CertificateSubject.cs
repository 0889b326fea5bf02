using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Orrery.Machinery.Certificates;

/// <summary>
/// Who a client certificate's subject says it is: common name = user, organisations = groups. Whoever decides about a certificate, and whoever is shown it, read it by this and by nothing
/// else: what the one overlooked the other would grant.
/// </summary>
/// <param name="Uid">Empty where the subject carries none.</param>
/// <param name="HasMore">Whether the subject holds anything beside one name and groups.</param>
public sealed record CertificateSubject(string Name, IReadOnlyList<string> Groups, string Uid, bool HasMore)
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";

    /// <summary>Kubernetes' own attribute for a user's uid (apiserver <c>pkg/authentication/request/x509</c>).</summary>
    private const string UserUid = "1.3.6.1.4.1.57683.2";

    /// <summary>Null with <paramref name="problem"/> said where no user can be read.</summary>
    public static CertificateSubject? Read(X500DistinguishedName subject, out string problem)
    {
        if (Parts(subject, out problem) is not { } parts)
        {
            return null;
        }

        (string name, List<string> groups, List<string> uids, int count) = parts;
        problem = name.Length == 0 ? "no common name"
            : uids.Count > 1 ? "more than one uid"
            : uids is [""] ? "an empty uid"
            : "";
        return problem.Length == 0 ? new CertificateSubject(name, groups, uids.Count == 0 ? "" : uids[0], count != groups.Count + 1) : null;
    }

    /// <summary>Of one that names nobody, too; none where the subject cannot be read.</summary>
    public static IReadOnlyList<string> Organizations(X500DistinguishedName subject) => Parts(subject, out _)?.Groups ?? [];

    private static (string Name, List<string> Groups, List<string> Uids, int Count)? Parts(X500DistinguishedName subject, out string problem)
    {
        string name = "";
        var groups = new List<string>();
        var uids = new List<string>();
        int count = 0;
        try
        {
            foreach (X500RelativeDistinguishedName part in subject.EnumerateRelativeDistinguishedNames(reversed: false))
            {
                foreach ((string type, string value) in Attributes(part))
                {
                    count++;
                    name = type == CommonName ? value : name;
                    (type switch { Organization => groups, UserUid => uids, _ => null })?.Add(value);
                }
            }
        }
        catch (Exception fault) when (fault is AsnContentException or System.Security.Cryptography.CryptographicException)
        {
            problem = $"its subject cannot be read: {fault.Message}";
            return null;
        }

        problem = "";
        return (name, groups, uids, count);
    }

    /// <summary>All attributes of one part of the name: most have one, several joined by a plus are as good. Of those that say nothing of a user only that they are there.</summary>
    private static IEnumerable<(string Type, string Value)> Attributes(X500RelativeDistinguishedName part)
    {
        AsnReader attributes = new AsnReader(part.RawData, AsnEncodingRules.DER).ReadSetOf(skipSortOrderValidation: true);
        while (attributes.HasData)
        {
            AsnReader attribute = attributes.ReadSequence();
            string type = attribute.ReadObjectIdentifier();
            yield return (type, type is CommonName or Organization or UserUid ? attribute.ReadCharacterString(TextOf(attribute.PeekTag())) : "");
        }
    }

    private static UniversalTagNumber TextOf(Asn1Tag tag) => (tag.TagClass, (UniversalTagNumber)tag.TagValue) switch
    {
        (TagClass.Universal, var text and (UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String
            or UniversalTagNumber.T61String or UniversalTagNumber.BMPString or UniversalTagNumber.NumericString)) => text,
        _ => throw new AsnContentException("an attribute is not text"),
    };
}
