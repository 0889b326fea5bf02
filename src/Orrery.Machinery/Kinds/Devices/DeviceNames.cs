using Orrery.Api;

namespace Orrery.Machinery.Kinds.Devices;

/// <summary>Names of attributes and capacities: an identifier, with or without the domain of who gave it.</summary>
internal static class DeviceNames
{
    private const int LongestDomain = 63;
    private const int LongestIdentifier = 32;

    public static void Validate(string name, string path, Faults faults)
    {
        string[] parts = name.Split('/');
        if (name.Length == 0)
        {
            faults.Required(path, "name required");
        }
        else if (parts.Length > 2)
        {
            faults.Invalid(path, name, "must be an identifier, with or without a domain and a slash before it");
        }
        else
        {
            if (parts.Length == 2)
            {
                Domain(parts[0], path, faults);
            }

            Identifier(parts[^1], path, faults);
        }
    }

    private static void Domain(string domain, string path, Faults faults)
    {
        if (domain.Length == 0)
        {
            faults.Required(path, "the domain must not be empty");
            return;
        }

        if (domain.Length > LongestDomain)
        {
            faults.Add(FieldError.TooLong(path, LongestDomain));
        }

        faults.All(path, domain, Names.CheckDns1123Subdomain(domain));
    }

    private static void Identifier(string identifier, string path, Faults faults)
    {
        if (identifier.Length == 0)
        {
            faults.Required(path, "the name must not be empty");
            return;
        }

        if (identifier.Length > LongestIdentifier)
        {
            faults.Add(FieldError.TooLong(path, LongestIdentifier));
        }

        if (char.IsAsciiDigit(identifier[0]) || !identifier.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            faults.Invalid(path, identifier, "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')");
        }
    }
}
